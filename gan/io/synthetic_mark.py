"""The mark of a synthetic picture, for people and for programs: words, and IPTC's DigitalSourceType as XMP.

PNGs hold both as text chunks (`png.encode_picture`), GIFs as a comment and an application extension
(`animation.encode_gif`), images.npz the words as an array. IPTC: https://cv.iptc.org/newscodes/digitalsourcetype/
"""

from gan import __version__

SYNTHETIC = "Synthetic"
"""The keyword of the words in a PNG."""
XMP = "XML:com.adobe.xmp"
"""The keyword under which a PNG holds XMP (ISO 16684-3)."""
ARRAY = "synthetic"
"""The name of the words in an .npz."""
WORDS = f"yes: made by a conditional GAN (gan {__version__}), no photograph of anything"


def _xmp(source_type: str) -> str:
    """XMP (ISO 16684-1) with IPTC's DigitalSourceType, read-only."""
    return (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">'
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="" '
        'xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/" Iptc4xmpExt:DigitalSourceType='
        f'"http://cv.iptc.org/newscodes/digitalsourcetype/{source_type}"/></rdf:RDF></x:xmpmeta><?xpacket end="r"?>'
    )


MARK = {SYNTHETIC: WORDS, XMP: _xmp("trainedAlgorithmicMedia")}
"""The text chunks of a PNG of synthetic images alone."""
MARK_OF_BOTH = {
    SYNTHETIC: f"in part: real images beside images made by a conditional GAN (gan {__version__})",
    XMP: _xmp("compositeWithTrainedAlgorithmicMedia"),
}
"""The text chunks of a PNG of synthetic images beside real ones."""
