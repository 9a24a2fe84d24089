<?php

declare(strict_types=1);

namespace Slipway\Worker;

/** Raw mode: the HTTP request is the function's request. */
final readonly class RawHead
{
    /** @param array<array-key, string> $headers */
    private function __construct(
        public string $method,
        public string $path,
        public string $query,
        public array $headers,
    ) {
    }

    public static function read(string $json): self
    {
        $head = json_decode($json, true);
        $headers = new Headers();
        foreach ($head['headers'] as [$name, $value]) {
            $headers->add($name, $value);
        }

        return new self($head['method'], $head['path'], $head['query'], $headers->all);
    }

    /** What the body says, by its type. */
    public function payload(string $body): mixed
    {
        $media = strtolower(trim(explode(';', $this->headers['content-type'] ?? '', 2)[0]));

        return match (true) {
            $media === 'application/json', str_ends_with($media, '+json') => $body === '' ? null : Json::decode($body),
            str_starts_with($media, 'text/') => Utf8::scrub($body),
            default => null,
        };
    }
}
