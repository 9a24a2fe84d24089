<?php

declare(strict_types=1);

namespace Slipway\Worker;

/** A query as the function sees it. */
final readonly class Query
{
    /**
     * Percent-decoded, `+` as space; a percent sign that encodes nothing stays, bytes that are no UTF-8 are replaced.
     *
     * @return array<array-key, list<string>>
     */
    public static function parse(string $text): array
    {
        $query = [];
        foreach (explode('&', $text) as $pair) {
            if ($pair !== '') {
                [$name, $value] = [...explode('=', $pair, 2), ''];
                $query[Utf8::scrub(urldecode($name))][] = Utf8::scrub(urldecode($value));
            }
        }

        return $query;
    }
}
