<?php

// The least that answers as the measured function does: one process, PHP's own sockets, and just as much of HTTP as the load
// generator speaks. Nothing here is fit for strangers.

declare(strict_types=1);

$listener = stream_socket_server('tcp://0.0.0.0:3000', $code, $message) ?: exit("$message\n");
$streams = [$listener];
$begun = [];
while (true) {
    $readable = $streams;
    $none = null;
    stream_select($readable, $none, $none, null);
    foreach ($readable as $stream) {
        if ($stream === $listener) {
            $stream = stream_socket_accept($listener);
            stream_set_blocking($stream, false);
            stream_set_read_buffer($stream, 0);
            $streams[(int) $stream] = $stream;
            $begun[(int) $stream] = '';
            continue;
        }
        $key = (int) $stream;
        $bytes = fread($stream, 65536);
        if ($bytes === '' || $bytes === false) {
            fclose($stream);
            unset($streams[$key], $begun[$key]);
            continue;
        }
        $begun[$key] .= $bytes;
        while (($end = strpos($begun[$key], "\r\n\r\n")) !== false) {
            preg_match('/^content-length: *(\d+)/mi', substr($begun[$key], 0, $end), $match);
            $length = (int) ($match[1] ?? 0);
            if (strlen($begun[$key]) < $end + 4 + $length) {
                break;
            }
            $envelope = json_decode(substr($begun[$key], $end + 4, $length));
            $begun[$key] = substr($begun[$key], $end + 4 + $length);
            $body = json_encode(['message' => "Hello {$envelope->payload->name}"]);
            $size = strlen($body);
            fwrite($stream, "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: $size\r\n\r\n$body");
        }
    }
}
