<?php

declare(strict_types=1);

namespace Slipway\Worker;

/** W3C trace context. */
final readonly class Trace
{
    private const string VALID = '/^(?!ff)(?:00-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}'
        . '|(?!00)[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}(?:-.*)?)$/Ds';

    /** The trace id of a valid traceparent. */
    public static function of(string $header): ?string
    {
        if (preg_match(self::VALID, $header, $match) !== 1) {
            return null;
        }
        $trace = ($match[1] ?? '') ?: $match[3];
        $parent = ($match[2] ?? '') ?: $match[4];

        return trim($trace, '0') === '' || trim($parent, '0') === '' ? null : $trace;
    }
}
