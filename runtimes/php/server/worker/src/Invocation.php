<?php

declare(strict_types=1);

namespace Slipway\Worker;

/** An invocation as the server sends it. */
final readonly class Invocation
{
    private const string FORMAT = 'Nlength/Ckind/Nnumber/Craw/Edeadline/Cid';

    /** What stands before the id. */
    private const int FIXED = Frame::START + 10;

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
        $fixed = unpack(self::FORMAT, $frame);
        $at = self::FIXED + $fixed['id'];
        $head = unpack('N', $frame, $at)[1];

        return new self(
            $fixed['number'],
            $fixed['raw'] === 1,
            $fixed['deadline'],
            substr($frame, self::FIXED, $fixed['id']),
            substr($frame, $at + 4, $head),
            substr($frame, $at + 4 + $head),
        );
    }
}
