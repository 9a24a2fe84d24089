# shellcheck shell=sh
# How the virtual machine of the server runs; to be sourced. Its cache of classes is made and used with the same options.
# shellcheck disable=SC2034
options="-XX:+UseSerialGC -XX:+ExitOnOutOfMemoryError -XX:-UsePerfData -Xss512k
  -XX:MaxRAMPercentage=50 -XX:MinHeapFreeRatio=10 -XX:MaxHeapFreeRatio=30
  --enable-native-access=ALL-UNNAMED --sun-misc-unsafe-memory-access=allow
  -Dio.netty.noUnsafe=false -Dio.netty.leakDetection.level=disabled -Dio.netty.machineId=00:00:00:00:00:01 -Dkotlinx.coroutines.debug=off
  -Xlog:disable -Xlog:all=error:stderr"
