<?php

declare(strict_types=1);

namespace Slipway\Worker;

/**
 * A worker's connection to the server: a queue of invocations, a stream for all the rest, and a bell.
 *
 * What is in the stream the server can read at any time, and does so after a moment. The bell has it do so at once.
 */
final class Channel
{
    /** A packet of the queue is no larger. */
    private const int PACKET_BYTES = 3000;

    /** So many frames, or so many bytes, are not left lying. */
    private const int MOST_FRAMES = 8;
    private const int MOST_BYTES = 16384;

    /** One more, as the bell counts in memory. */
    private readonly string $once;

    private int $lying = 0;

    /** @param resource $bell */
    public function __construct(private readonly \Socket $queue, private readonly \Socket $stream, private readonly mixed $bell)
    {
        $this->once = pack('Q', 1);
    }

    /** An invocation that is there already, or null. */
    public function next(): ?string
    {
        return $this->receive(\MSG_DONTWAIT);
    }

    /** Waits for an invocation; null when there will be none. */
    public function wait(): ?string
    {
        if ($this->lying > 0) {
            $this->ring();
        }

        return $this->receive(0);
    }

    private function receive(int $flags): ?string
    {
        if (!$this->read($this->queue, $frame, self::PACKET_BYTES, $flags)) {
            return null;
        }
        // What is too large for a packet goes on in the stream.
        $missing = unpack('N', $frame)[1] + Frame::START - \strlen($frame);
        while ($missing > 0) {
            if (!$this->read($this->stream, $rest, $missing, \MSG_WAITALL)) {
                return null;
            }
            $frame .= $rest;
            $missing -= \strlen($rest);
        }

        return $frame;
    }

    /** Sends what may lie for a moment. */
    public function send(string $frame): void
    {
        if (\strlen($frame) > self::MOST_BYTES) {
            $this->sendNow($frame);

            return;
        }
        $this->write($frame);
        if (++$this->lying === self::MOST_FRAMES) {
            $this->ring();
        }
    }

    /** Sends what the server is to read at once. */
    public function sendNow(string $frame): void
    {
        if (\strlen($frame) <= self::MOST_BYTES) {
            $this->write($frame);
            $this->ring();

            return;
        }
        // More than there is room for is read bit by bit.
        for ($at = 0; $at < \strlen($frame); $at += self::MOST_BYTES) {
            $this->write(substr($frame, $at, self::MOST_BYTES));
            $this->ring();
        }
    }

    /** Sends an answer, and waits until the server has read what was printed before it. */
    public function sendAfterOutput(int $number, string $answer): void
    {
        $this->sendNow(Frame::text(Frame::PRINTED, $number, '') . $answer);
        $this->read($this->stream, $goOn, Frame::START, \MSG_WAITALL);
    }

    private function ring(): void
    {
        fwrite($this->bell, $this->once);
        $this->lying = 0;
    }

    private function write(string $bytes): void
    {
        while (true) {
            $count = @socket_write($this->stream, $bytes);
            if ($count === \strlen($bytes)) {
                return;
            }
            if ($count === false) {
                if (socket_last_error($this->stream) !== \SOCKET_EINTR) {
                    // Without the server there is nobody to work for.
                    exit(1);
                }
                $count = 0;
            }
            $bytes = substr($bytes, $count);
        }
    }

    private function read(\Socket $socket, ?string &$bytes, int $count, int $flags): bool
    {
        do {
            $read = @socket_recv($socket, $bytes, $count, $flags);
        } while ($read === false && socket_last_error($socket) === \SOCKET_EINTR);

        return $read !== false && $read > 0;
    }
}
