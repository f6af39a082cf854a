"""What DICOM headers say about a set: patients written into the pixels, synthetic data, missing identifiers."""

from collections.abc import Sequence

from gan.data.ingest.checks.report import Finding
from gan.data.ingest.pixels.dicom_header import DicomHeader


def dicom_findings(headers: Sequence[DicomHeader]) -> list[Finding]:
    """Findings about the DICOM files of a set; none if there are none."""
    if not headers:
        return []
    findings = []
    if synthetic := sum(header.synthetic for header in headers):
        text = f"DICOM files that say their data are synthetic (SyntheticData YES): {synthetic:,}."
        findings.append(Finding("dicom-synthetic", "error", text, "Train on real images: take these out."))
    certain, possible = (sum(header.burned_in == answer for header in headers) for answer in ("yes", "unknown"))
    if certain or possible:
        text = (
            f"DICOM files with names or dates written into the pixels: {certain:,} say so, {possible:,} do not say, "
            "but are of a kind that often has them, such as ultrasound."
        )
        action = "Look at the images, and crop or blacken the text: a GAN can repeat it."
        findings.append(Finding("dicom-burned-in", "warning", text, action))
    if unnamed := sum(not header.patient for header in headers):
        text = f"DICOM files without a PatientID: {unnamed:,}."
        action = "Images of the same study are kept in one split instead of those of the same patient."
        findings.append(Finding("dicom-without-patient", "warning", text, action))
    text = f"DICOM files: {len(headers):,}. Only pixels, and identifiers as salted hashes, are kept of them."
    action = "Names of files and folders are kept as they are: rename them if they name patients."
    findings.append(Finding("dicom-names-kept", "note", text, action))
    return findings
