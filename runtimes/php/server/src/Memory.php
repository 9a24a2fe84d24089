<?php

declare(strict_types=1);

namespace Slipway\Worker;

/** How much memory there is. */
final readonly class Memory
{
    /** Where nothing bounds it, a function that recurses without end should find one before it is overdue. */
    private const int UNBOUNDED = 1 << 30;

    /** Bytes that the container may use: one function should not take all of it. */
    public static function bytes(): int
    {
        $machine = 1024 * (int) self::match('/^MemTotal: *(\d+)/m', '/proc/meminfo');
        $limits = ['/sys/fs/cgroup/memory.max', '/sys/fs/cgroup/memory/memory.limit_in_bytes'];
        foreach ($limits as $file) {
            $limit = self::match('/^(\d+)/', $file);
            if ($limit !== null && (int) $limit < $machine) {
                return (int) $limit;
            }
        }

        return min($machine, self::UNBOUNDED);
    }

    private static function match(string $pattern, string $file): ?string
    {
        return preg_match($pattern, (string) @file_get_contents($file), $found) === 1 ? $found[1] : null;
    }
}
