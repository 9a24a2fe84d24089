<?php

declare(strict_types=1);

namespace Slipway\Worker;

/** A worker's connection to the server. */
final readonly class Channel
{
    private const int READ_BYTES = 65536;

    public function __construct(private \Socket $socket)
    {
    }

    /** Waits for a whole frame; null when there will be none. */
    public function receive(): ?string
    {
        if (!$this->read($frame, self::READ_BYTES, 0)) {
            return null;
        }
        if (\strlen($frame) < Frame::START) {
            if (!$this->read($rest, Frame::START - \strlen($frame), \MSG_WAITALL)) {
                return null;
            }
            $frame .= $rest;
        }
        // One at a time: what has come is one frame, or the beginning of one.
        $missing = unpack('N', $frame)[1] + Frame::START - \strlen($frame);
        while ($missing > 0) {
            if (!$this->read($rest, $missing, \MSG_WAITALL)) {
                return null;
            }
            $frame .= $rest;
            $missing -= \strlen($rest);
        }

        return $frame;
    }

    public function send(string $bytes): void
    {
        while (true) {
            $count = @socket_write($this->socket, $bytes);
            if ($count === \strlen($bytes)) {
                return;
            }
            if ($count === false) {
                if (socket_last_error($this->socket) !== \SOCKET_EINTR) {
                    // Without the server there is nobody to work for.
                    exit(1);
                }
                $count = 0;
            }
            $bytes = substr($bytes, $count);
        }
    }

    private function read(?string &$bytes, int $count, int $flags): bool
    {
        do {
            $read = @socket_recv($this->socket, $bytes, $count, $flags);
        } while ($read === false && socket_last_error($this->socket) === \SOCKET_EINTR);

        return $read !== false && $read > 0;
    }
}
