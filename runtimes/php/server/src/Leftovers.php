<?php

declare(strict_types=1);

namespace Slipway\Worker;

/** What an invocation may leave behind in its process. It is looked for after each, so that looking has to cost little. */
final class Leftovers
{
    private const string C = <<<'C'
        typedef struct { int descriptor; short wanted; short found; } watched;

        extern char **environ;
        int open(const char *path, int flags);
        int poll(watched *descriptors, unsigned long count, int milliseconds);
        C;

    /** To read, without waiting, and not for programs. */
    private const int OPEN_FLAGS = 0o2004000;
    private const int READABLE = 1;

    private readonly \FFI $libc;
    private readonly int $process;

    /** The reading ends of standard output and error. */
    private readonly \FFI\CData $printed;

    /** The environment's pointers as they were; null once they have changed, since memory is used again. */
    private ?\FFI\CData $pointers;
    private readonly int $size;

    /** @param array<string, string> $environment what each invocation finds */
    public function __construct(private readonly array $environment)
    {
        $this->libc = \FFI::cdef(self::C);
        $this->process = getmypid();
        $this->printed = $this->libc->new('watched[2]');
        foreach ([1, 2] as $index => $descriptor) {
            $this->printed[$index]->descriptor = $this->libc->open("/proc/self/fd/$descriptor", self::OPEN_FLAGS);
            $this->printed[$index]->wanted = self::READABLE;
        }
        $count = 0;
        while (!\FFI::isNull($this->libc->environ[$count++]));
        $this->pointers = $this->libc->new("char *[$count]");
        $this->size = \FFI::sizeof($this->pointers);
        \FFI::memcpy($this->pointers, $this->libc->environ, $this->size);
    }

    /** Whether something that was printed has not been read yet. */
    public function holdOutput(): bool
    {
        return $this->libc->poll($this->printed, 2, 0) > 0
            && (($this->printed[0]->found | $this->printed[1]->found) & self::READABLE) !== 0;
    }

    /** Whether the function has forked, and this is the child. */
    public function areOfChild(): bool
    {
        return getmypid() !== $this->process;
    }

    /** Whether standard output or error has been closed: what is opened next would take its place. */
    public function haveClosed(): bool
    {
        return !\is_resource(\STDOUT) || !\is_resource(\STDERR);
    }

    /** A limit that the function has set is for its own time. */
    public function liftTimeLimit(): void
    {
        if (\ini_get('max_execution_time') !== '0') {
            set_time_limit(0);
        }
    }

    /** Undoes what was done to the environment. */
    public function restoreEnvironment(): void
    {
        if ($this->pointers !== null && \FFI::memcmp($this->pointers, $this->libc->environ, $this->size) === 0) {
            return;
        }
        $now = getenv();
        if ($now === $this->environment) {
            return;
        }
        $this->pointers = null;
        foreach (array_diff_key($now, $this->environment) as $name => $value) {
            putenv("$name");
        }
        foreach ($this->environment as $name => $value) {
            putenv("$name=$value");
        }
    }

    /** Waits for processes that the function has forked and not waited for. */
    public function reap(): void
    {
        while (pcntl_waitpid(-1, $status, \WNOHANG) > 0);
    }
}
