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
        typedef struct { size_t length; int level; int type; int descriptors[3]; int unused; } rights;

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
     * Waits for a message of the server's, a frame's header with three descriptors; null when the server is gone.
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

        return [$rights->descriptors[0], $rights->descriptors[1], $rights->descriptors[2]];
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
     * Makes these the channel, the standard output and the standard error of this process.
     *
     * @param list<int> $descriptors
     */
    public function adopt(array $descriptors): \Socket
    {
        foreach ([self::SERVER, 1, 2] as $index => $place) {
            $this->libc->dup2($descriptors[$index], $place);
        }
        $this->close($descriptors);
        // PHP takes a copy of the descriptor: that one is used from now on.
        $stream = fopen('php://fd/' . self::SERVER, 'r+');
        $this->keepFromPrograms(self::SERVER);
        $socket = $stream === false ? false : socket_import_stream($stream);
        if ($socket === false) {
            throw new \RuntimeException('descriptor ' . self::SERVER . ' is no socket');
        }

        return $socket;
    }
}
