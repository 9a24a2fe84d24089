<?php

declare(strict_types=1);

namespace Slipway\Worker;

/** Text out of bytes. */
final readonly class Utf8
{
    /** Passes over what is valid, and finds each longest beginning of a character, or else a single byte. */
    private const string INVALID = '/(?:[\x00-\x7F]++|[\xC2-\xDF][\x80-\xBF]|\xE0[\xA0-\xBF][\x80-\xBF]'
        . '|[\xE1-\xEC\xEE\xEF][\x80-\xBF]{2}|\xED[\x80-\x9F][\x80-\xBF]|\xF0[\x90-\xBF][\x80-\xBF]{2}'
        . '|[\xF1-\xF3][\x80-\xBF]{3}|\xF4[\x80-\x8F][\x80-\xBF]{2})(*SKIP)(*FAIL)'
        . '|\xE0[\xA0-\xBF]|[\xE1-\xEC\xEE\xEF][\x80-\xBF]|\xED[\x80-\x9F]|\xF0[\x90-\xBF][\x80-\xBF]?'
        . '|[\xF1-\xF3][\x80-\xBF]{1,2}|\xF4[\x80-\x8F][\x80-\xBF]?|[\x80-\xFF]/s';

    /** Replaces what is no UTF-8 by U+FFFD, as the Unicode standard advises. */
    public static function scrub(string $bytes): string
    {
        return preg_match('//u', $bytes) === 1 ? $bytes : (string) preg_replace(self::INVALID, "\u{FFFD}", $bytes);
    }
}
