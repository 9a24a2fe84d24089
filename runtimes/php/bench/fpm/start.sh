#!/bin/sh
# Starts PHP-FPM, and nginx before it, from what prepare.sh has put into /bench-out.
set -eu

export LD_LIBRARY_PATH=/bench-out/lib
/bench-out/php-fpm8.4 --nodaemonize --fpm-config /bench/fpm/php-fpm.conf \
  -d zend_extension=opcache.so -d opcache.jit=tracing -d opcache.jit_buffer_size=32M &
while [ ! -S /tmp/php.sock ]; do sleep 0.01; done
exec /bench-out/nginx -c /bench/fpm/nginx.conf -e stderr
