<?php

declare(strict_types=1);

namespace Slipway\Worker;

/**
 * JSON as PHP values from which the same JSON can be written: objects are stdClass, since an array can't tell `{}` from `[]`.
 *
 * An object of which a member's name begins with NUL, which no stdClass can have, is an array by name.
 */
final readonly class Json
{
    private const int DEPTH = 4096;

    /** A string, and the colon after it where it is a name. */
    private const string STRING = '/"([^"\\\\]*+(?:\\\\.[^"\\\\]*+)*+)"(\s*:)?/s';

    public static function decode(string $json): mixed
    {
        $value = json_decode($json, false, self::DEPTH);
        if ($value === null && json_last_error() !== \JSON_ERROR_NONE) {
            if (json_last_error() === \JSON_ERROR_INVALID_PROPERTY_NAME) {
                return self::decodeOddNames($json);
            }
            throw self::refusal();
        }

        return $value;
    }

    /**
     * The members of an object; null for anything else.
     *
     * @return array<array-key, mixed>|null
     */
    public static function members(mixed $value): ?array
    {
        return match (true) {
            $value instanceof \stdClass => (array) $value,
            \is_array($value) && !array_is_list($value) => $value,
            default => null,
        };
    }

    /** Decodes with a letter before every name, and takes it away again. */
    private static function decodeOddNames(string $json): mixed
    {
        $prefixed = preg_replace_callback(
            self::STRING,
            static fn (array $match): string => isset($match[2]) ? "\"_{$match[1]}\"{$match[2]}" : $match[0],
            $json,
        );
        $value = json_decode((string) $prefixed, false, self::DEPTH);
        if (json_last_error() !== \JSON_ERROR_NONE) {
            throw self::refusal();
        }

        return self::withoutPrefix($value);
    }

    private static function withoutPrefix(mixed $value): mixed
    {
        if (\is_array($value)) {
            return array_map(self::withoutPrefix(...), $value);
        }
        if (!$value instanceof \stdClass) {
            return $value;
        }
        $members = [];
        foreach ((array) $value as $name => $member) {
            $members[substr($name, 1)] = self::withoutPrefix($member);
        }
        $odd = array_any($members, static fn (mixed $member, int|string $name): bool => str_starts_with((string) $name, "\0"));

        return $odd ? $members : (object) $members;
    }

    private static function refusal(): Refusal
    {
        return new Refusal(Code::InvalidJson, 'the body is not JSON in UTF-8: ' . json_last_error_msg());
    }
}
