<?php

declare(strict_types=1);

namespace Slipway\Worker;

/** The envelope of a plain invocation. */
final readonly class Envelope
{
    /**
     * @param array<array-key, string> $headers
     * @param array<array-key, string> $env
     */
    private function __construct(
        public mixed $payload,
        public array $headers,
        public array $env,
        public string $method,
        public string $path,
        public string $query,
    ) {
    }

    public static function read(string $body): self
    {
        $members = Json::members(Json::decode($body));
        if ($members === null) {
            throw new Refusal(Code::InvalidEnvelope, 'the envelope must be an object');
        }

        return new self(
            $members['payload'] ?? null,
            isset($members['headers']) ? self::headers($members) : self::strings($members, 'headers'),
            self::strings($members, 'env'),
            self::text($members, 'method', 'POST'),
            self::text($members, 'path', '/'),
            self::text($members, 'query', ''),
        );
    }

    /**
     * @param array<array-key, mixed> $members
     *
     * @return array<array-key, string>
     */
    private static function headers(array $members): array
    {
        $headers = new Headers();
        foreach (self::strings($members, 'headers') as $name => $value) {
            $headers->add((string) $name, $value);
        }

        return $headers->all;
    }

    /**
     * @param array<array-key, mixed> $members
     *
     * @return array<array-key, string>
     */
    private static function strings(array $members, string $name): array
    {
        if (!\array_key_exists($name, $members)) {
            return [];
        }
        $strings = Json::members($members[$name]);
        if ($strings === null || array_any($strings, static fn (mixed $value): bool => !\is_string($value))) {
            throw new Refusal(Code::InvalidEnvelope, "the envelope's $name must be an object of strings");
        }

        return $strings;
    }

    /** @param array<array-key, mixed> $members */
    private static function text(array $members, string $name, string $default): string
    {
        if (!\array_key_exists($name, $members)) {
            return $default;
        }
        if (!\is_string($members[$name])) {
            throw new Refusal(Code::InvalidEnvelope, "the envelope's $name must be a string");
        }

        return $members[$name];
    }
}
