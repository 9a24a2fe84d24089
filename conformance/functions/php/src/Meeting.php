<?php

declare(strict_types=1);

namespace Conformance;

/**
 * Invocations that wait for each other. They run in processes of their own, so a file is where they meet: it holds how many
 * have arrived, and how often enough have.
 */
final readonly class Meeting
{
    private const int LOOK_MICROSECONDS = 5000;

    /** @var resource */
    private mixed $file;

    public function __construct(string $name, private int $count)
    {
        // Their common parent tells this server from others.
        $path = sys_get_temp_dir() . '/slipway-meet-' . posix_getppid() . '-' . md5($name);
        $this->file = fopen($path, 'c+') ?: throw new \RuntimeException("$path can't be opened");
    }

    public function attend(float $seconds): void
    {
        $until = microtime(true) + $seconds;
        $met = $this->change(fn (int $arrived, int $met): array => $arrived + 1 >= $this->count ? [0, $met + 1] : [$arrived + 1, $met]);
        $before = $met[0] === 0 ? $met[1] - 1 : $met[1];
        while ($met[1] === $before) {
            if (microtime(true) > $until) {
                $arrived = $this->change(static fn (int $arrived, int $met): array => [0, $met + 1], $before);
                throw new \RuntimeException("meet: $arrived[2] of {$this->count}");
            }
            usleep(self::LOOK_MICROSECONDS);
            $met = $this->change(static fn (int $arrived, int $met): array => [$arrived, $met]);
        }
    }

    /**
     * What the file holds after the change, and how many had arrived before it.
     *
     * @return array{int, int, int}
     */
    private function change(\Closure $change, ?int $only = null): array
    {
        flock($this->file, LOCK_EX);
        rewind($this->file);
        [$arrived, $met] = array_map(intval(...), explode(' ', stream_get_contents($this->file) ?: '0 0'));
        $now = $only === null || $only === $met ? $change($arrived, $met) : [$arrived, $met];
        if ($now !== [$arrived, $met]) {
            rewind($this->file);
            fwrite($this->file, sprintf('%d %d ', ...$now));
            fflush($this->file);
        }
        flock($this->file, LOCK_UN);

        return [...$now, $arrived];
    }
}
