<?php

declare(strict_types=1);

namespace Slipway\Worker;

/** How much memory there is. */
final readonly class Memory
{
    /** Bytes that the container may use: one function should not take all of it. */
    public static function bytes(): int
    {
        $machine = 1024 * (int) self::match('/^MemTotal: *(\d+)/m', '/proc/meminfo');
        $limits = ['/sys/fs/cgroup/memory.max', '/sys/fs/cgroup/memory/memory.limit_in_bytes'];
        foreach ($limits as $file) {
            $limit = self::match('/^(\d+)/', $file);
            if ($limit !== null) {
                return min((int) $limit, $machine);
            }
        }

        return $machine;
    }

    private static function match(string $pattern, string $file): ?string
    {
        return preg_match($pattern, (string) @file_get_contents($file), $found) === 1 ? $found[1] : null;
    }
}
