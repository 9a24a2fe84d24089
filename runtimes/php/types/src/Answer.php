<?php

declare(strict_types=1);

namespace Slipway;

/** An answer, checked: `problem` says why it can't be sent, where it can't. */
final readonly class Answer
{
    public const int JSON_AS_IT_IS = JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE | JSON_UNESCAPED_LINE_TERMINATORS
        | JSON_PRESERVE_ZERO_FRACTION;

    private const int JSON_DEPTH = 4096;

    /** @var list<array{string, string}> One pair for each header line. */
    public array $headers;

    public ?string $problem;

    /** @param array<array-key, mixed> $headers */
    public function __construct(
        public Kind $kind,
        public string $body,
        public int $status,
        array $headers,
        ?string $problem = null,
    ) {
        if ($status < 200 || $status > 599) {
            $problem ??= "the status must be a whole number from 200 to 599, not $status";
        }
        $lines = [];
        foreach ($headers as $name => $value) {
            $name = (string) $name;
            if (preg_match('/^[!#$%&\'*+\-.^_`|~0-9A-Za-z]+$/D', $name) !== 1) {
                $problem ??= json_encode($name, JSON_INVALID_UTF8_SUBSTITUTE) . ' is no header name';
            }
            foreach (\is_array($value) ? $value : [$value] as $item) {
                if (!\is_string($item) && !\is_int($item) && !\is_float($item)) {
                    $problem ??= "the value of header $name must be a string or a list of strings";
                    break;
                }
                $item = (string) $item;
                if (preg_match('/^[^\x00-\x08\x0A-\x1F\x7F]*$/Du', $item) !== 1) {
                    $problem ??= "the value of header $name has a control character in it, or is no UTF-8";
                }
                $lines[] = [$name, $item];
            }
        }
        $this->headers = $lines;
        $this->problem = $problem;
    }

    /** @param array<array-key, mixed> $headers */
    public static function json(mixed $value, int $status, array $headers): self
    {
        $problem = null;
        try {
            $body = json_encode($value, self::JSON_AS_IT_IS | JSON_THROW_ON_ERROR, self::JSON_DEPTH);
            // PHP writes functions as empty objects.
            if (str_contains($body, '{}') && self::holdsFunction($value)) {
                $problem = 'a function is no JSON value';
            }
        } catch (\JsonException $exception) {
            $body = '';
            $problem = "the value is no JSON: {$exception->getMessage()}";
        }

        return new self(Kind::Json, $body, $status, $headers, $problem);
    }

    private static function holdsFunction(mixed $value): bool
    {
        if (!\is_array($value) && !$value instanceof \stdClass) {
            return $value instanceof \Closure;
        }

        return array_any((array) $value, static fn (mixed $member): bool => self::holdsFunction($member));
    }
}
