# What `chaos.sh --debian` runs where no image can be pulled: Debian's packages under the users, paths and variables of the
# published images, as far as the composition relies on them. Versions are Debian's.
FROM sluice-base:jre AS debian
RUN apt-get update \
    && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
        redis-server redis-sentinel postgresql nginx-light python3 wget \
    && rm -rf /var/lib/apt/lists/* \
    && groupadd --gid 999 standin && useradd --uid 999 --gid 999 --no-create-home standin

FROM debian AS redis
RUN install -d -o 999 -g 999 /data
WORKDIR /data
VOLUME /data
CMD ["redis-server"]

FROM debian AS postgres
COPY standin-postgres /usr/local/bin/
RUN install -d -o 999 -g 999 -m 0700 /var/lib/postgresql/data && install -d -o 999 -g 999 /var/run/postgresql
VOLUME /var/lib/postgresql/data
# A fast shutdown, as the published image has it.
STOPSIGNAL SIGINT
ENTRYPOINT ["standin-postgres"]

FROM debian AS nginx
STOPSIGNAL SIGQUIT
CMD ["nginx", "-g", "daemon off;"]

FROM debian AS python

FROM debian AS s3
COPY versitygw /usr/local/bin/
ENTRYPOINT ["versitygw"]
