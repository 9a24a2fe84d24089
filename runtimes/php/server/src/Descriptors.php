<?php

declare(strict_types=1);

namespace Slipway\Worker;

/** The system calls on descriptors that PHP has no functions for. */
final readonly class Descriptors
{
    /** The socket to the server: the loader's control socket, a worker's channel. */
    public const int SERVER = 3;

    private const int SET_FLAGS = 2;
    private const int CLOSE_ON_EXEC = 1;
    private const int HEADER_BYTES = 9;

    private const string C = <<<'C'
        typedef struct { void *base; size_t length; } part;
        typedef struct {
            void *name; uint32_t name_length; part *parts; size_t part_count; void *control; size_t control_length; int flags;
        } message;
        typedef struct { size_t length; int level; int type; int descriptors[5]; int unused; } rights;

        int dup2(int from, int to);
        int close(int descriptor);
        int fcntl(int descriptor, int command, ...);
        ssize_t recvmsg(int socket, message *message, int flags);
        ssize_t write(int descriptor, const char *bytes, size_t count);
        C;

    private \FFI $libc;

    public function __construct()
    {
        $this->libc = \FFI::cdef(self::C);
        $this->keepFromPrograms(self::SERVER);
    }

    /** What a program that the function starts is not to have. */
    private function keepFromPrograms(int $descriptor): void
    {
        $this->libc->fcntl($descriptor, self::SET_FLAGS, self::CLOSE_ON_EXEC);
    }

    /**
     * Waits for a message of the server's, a frame's header with five descriptors; null when the server is gone.
     *
     * @return list<int>|null
     */
    public function receive(): ?array
    {
        $bytes = $this->libc->new('char[' . self::HEADER_BYTES . ']');
        $part = $this->libc->new('part');
        $part->base = $this->libc->cast('void *', \FFI::addr($bytes));
        $part->length = self::HEADER_BYTES;
        $rights = $this->libc->new('rights');
        $message = $this->libc->new('message');
        $message->parts = \FFI::addr($part);
        $message->part_count = 1;
        $message->control = $this->libc->cast('void *', \FFI::addr($rights));
        $message->control_length = \FFI::sizeof($rights);
        $count = $this->libc->recvmsg(self::SERVER, \FFI::addr($message), 0);
        if ($count !== self::HEADER_BYTES || $message->control_length === 0) {
            return null;
        }

        return array_map(static fn (int $index): int => $rights->descriptors[$index], [0, 1, 2, 3, 4]);
    }

    public function send(string $bytes): void
    {
        $this->libc->write(self::SERVER, $bytes, \strlen($bytes));
    }

    /** @param list<int> $descriptors */
    public function close(array $descriptors): void
    {
        foreach ($descriptors as $descriptor) {
            $this->libc->close($descriptor);
        }
    }

    /**
     * Makes these the stream, the queue, the bell, the standard output and the standard error of this process.
     *
     * @param list<int> $descriptors
     */
    public function adopt(array $descriptors): Channel
    {
        [$stream, $queue, $bell, $out, $err] = $descriptors;
        $this->libc->dup2($stream, self::SERVER);
        $this->libc->dup2($out, 1);
        $this->libc->dup2($err, 2);
        $this->keepFromPrograms(self::SERVER);
        // PHP takes copies of these: those are used from now on.
        $channel = new Channel($this->socket($queue), $this->socket(self::SERVER), fopen("php://fd/$bell", 'w'));
        $this->close($descriptors);

        return $channel;
    }

    private function socket(int $descriptor): \Socket
    {
        $stream = fopen("php://fd/$descriptor", 'r+');
        $socket = $stream === false ? false : socket_import_stream($stream);
        if ($socket === false) {
            throw new \RuntimeException("descriptor $descriptor is no socket");
        }

        return $socket;
    }
}
