<?php

declare(strict_types=1);

namespace Slipway\Worker;

/** An invocation as the server sends it. */
final readonly class Invocation
{
    /** Where things stand. */
    private const int NUMBER = 5;
    private const int RAW = 9;
    private const int ID_LENGTH = 18;
    private const int ID = 19;

    public function __construct(
        public int $number,
        public bool $raw,
        public float $deadline,
        public string $id,
        public string $head,
        public string $body,
    ) {
    }

    public static function read(string $frame): self
    {
        ['number' => $number, 'deadline' => $deadline] = unpack('Nnumber/x/Edeadline', $frame, self::NUMBER);
        $raw = $frame[self::RAW] === "\1";
        $id = \ord($frame[self::ID_LENGTH]);
        $head = self::ID + $id + 4;
        $body = $raw ? $head + unpack('N', $frame, $head - 4)[1] : $head;

        return new self(
            $number,
            $raw,
            $deadline,
            substr($frame, self::ID, $id),
            substr($frame, $head, $body - $head),
            substr($frame, $body),
        );
    }
}
