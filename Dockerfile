# The app in a container, for CPUs or NVIDIA GPUs; docs/install.md says more.
#
#   docker build --tag gan-workbench .                                    # 2 GB; no GPU
#   docker build --tag gan-workbench:cuda --build-arg DEVICE=cuda .       # with CUDA's libraries: `docker run --gpus all`
#   docker run --init --hostname gan --env GAN_OPEN_TO_ALL=yes --publish 127.0.0.1:8501:8501 --volume gan-store:/store \
#       gan-workbench
#
# --init: jobs outlive the process that started them, and init collects them. --hostname: a run remembers the machine
# that it works on, and the next container is then the same one. GAN_OPEN_TO_ALL: in a container the app cannot know that
# its port is published on this machine alone; on any other address set GAN_SIGN_IN instead.

FROM python:3.11-slim AS wheel
RUN pip install --no-cache-dir build
COPY . /source
RUN python -m build --wheel --outdir /wheel /source

FROM python:3.11-slim
ARG DEVICE=cpu
# PyPI's torch for Linux brings CUDA. gcc: compiling the networks for a GPU takes a C compiler.
RUN case "$DEVICE" in \
        cpu) pip install --no-cache-dir --index-url https://download.pytorch.org/whl/cpu torch torchvision ;; \
        cuda) apt-get update && apt-get install -y --no-install-recommends gcc libc6-dev && rm -rf /var/lib/apt/lists/* \
            && pip install --no-cache-dir torch torchvision ;; \
        *) echo "DEVICE is $DEVICE: it takes cpu or cuda." >&2; exit 2 ;; \
    esac
ARG EXTRAS=dicom,heic,features
RUN --mount=type=bind,from=wheel,source=/wheel,target=/wheel \
    pip install --no-cache-dir "$(echo /wheel/*.whl)[$EXTRAS]"

RUN useradd --create-home --uid 1000 gan && mkdir /store /data && chown gan:gan /store /data
USER gan
WORKDIR /home/gan
ENV GAN_STORE=/store GAN_DATA=/data
VOLUME ["/store", "/data"]
EXPOSE 8501
HEALTHCHECK --interval=30s --timeout=10s --start-period=60s \
    CMD ["python", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:8501/_stcore/health', timeout=5)"]
ENTRYPOINT ["gan"]
CMD ["app", "--address", "0.0.0.0", "--no-browser", "--open-to-all"]
