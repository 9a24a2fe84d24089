<?php

declare(strict_types=1);

namespace Slipway\Worker;

use Slipway\Answer;

/** The frames of runtimes/FRAMES.md: length, kind, number, bytes. */
final readonly class Frame
{
    public const int START = 9;

    public const int READY = 16;
    public const int FAILED = 17;
    public const int ANSWER = 18;
    public const int REFUSE = 19;
    public const int LOG = 20;
    public const int TRACE = 22;
    public const int FORKED = 23;
    public const int PRINTED = 24;

    public static function text(int $kind, int $number, string $text): string
    {
        return pack('NCN', \strlen($text), $kind, $number) . $text;
    }

    public static function answer(int $number, Answer $answer): string
    {
        $head = $answer->headers === [] ? '' : json_encode($answer->headers, JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE);
        $length = \strlen($head);

        return pack(
            'NCNnCN',
            7 + $length + \strlen($answer->body),
            self::ANSWER,
            $number,
            $answer->status,
            $answer->kind->value,
            $length,
        ) . $head . $answer->body;
    }

    public static function refuse(int $number, Code $code, string $message): string
    {
        return self::text(self::REFUSE, $number, \chr(\strlen($code->value)) . $code->value . $message);
    }
}
