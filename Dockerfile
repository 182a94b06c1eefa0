# docker build -t telegraf-kubelet .                          the program and nothing else
# docker build -t telegraf-kubelet:telegraf --target telegraf .   Telegraf with the program in it
#
# For the processor of the machine that builds it.

FROM rust:1.95.0-bookworm AS build
WORKDIR /src
COPY . .
RUN sh packages/static.sh /out/telegraf-kubelet

# What the chart telegraf-ds can take as its image: it has no init containers that could bring the program.
FROM telegraf:1.39-alpine AS telegraf
COPY --from=build /out/telegraf-kubelet /usr/local/bin/telegraf-kubelet

# To be copied from by an init container, mounted as an image volume, or run beside Telegraf. It has neither a shell nor
# a C library, and no certificates: those come with the pod, or from files that the configuration names.
FROM scratch AS plugin
COPY --from=build /out/telegraf-kubelet /telegraf-kubelet
USER 65532:65532
ENTRYPOINT ["/telegraf-kubelet"]
