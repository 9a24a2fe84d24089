<?php

declare(strict_types=1);

namespace Slipway;

/**
 * What an invocation asks for. Each has its own: what a function changes in it, no other sees.
 *
 * A test of a function makes one by hand: `new Request(payload: (object) ['name' => 'Ada'])`.
 */
final class Request
{
    /**
     * @param mixed                            $payload  JSON, with objects as stdClass
     * @param array<array-key, string>         $headers  by lower-case name
     * @param array<array-key, string>         $env      the container's environment and the envelope's on top
     * @param array<array-key, list<string>>   $query    name to values, decoded
     * @param string                           $body     raw mode: the bytes received; else a payload that is a string
     * @param float                            $deadline milliseconds since 1970
     */
    public function __construct(
        public mixed $payload = null,
        public array $headers = [],
        public array $env = [],
        public readonly string $method = 'POST',
        public readonly string $path = '/',
        public readonly array $query = [],
        public readonly string $body = '',
        public readonly string $id = '',
        public readonly float $deadline = INF,
        private readonly ?Log $log = null,
    ) {
    }

    /** Writes a line to the log, under this invocation's id: text as it is, other values as JSON. */
    public function log(mixed $message): void
    {
        $this->log?->write(Level::Info, self::text($message));
    }

    /** The same, as an error. */
    public function error(mixed $message): void
    {
        $this->log?->write(Level::Error, self::text($message));
    }

    private static function text(mixed $message): string
    {
        if (\is_string($message) || $message instanceof \Stringable) {
            return (string) $message;
        }
        // What is no JSON, a circle for example, as PHP prints it.
        $json = json_encode($message, Answer::JSON_AS_IT_IS | JSON_INVALID_UTF8_SUBSTITUTE);

        return $json === false ? print_r($message, true) : $json;
    }
}
