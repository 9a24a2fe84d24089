<?php

declare(strict_types=1);

namespace Plural;

final readonly class Plural
{
    /** As many of a thing, in words. */
    public static function of(int $count, string $one, string $many): string
    {
        return $count === 1 ? "one $one" : "$count $many";
    }
}
