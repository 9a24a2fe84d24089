<?php

declare(strict_types=1);

namespace Slipway;

/**
 * What an invocation is answered with. The first answer stands, and goes out when the function ends.
 *
 * A test of a function makes one by hand, and looks at `answer`.
 */
final class Response
{
    /** What has been answered, null before that. */
    public private(set) ?Answer $answer = null;

    /**
     * Answers with text, or with bytes where it is given `Bytes` or a string that is no UTF-8.
     *
     * @param array<array-key, string|int|float|list<string|int|float>> $headers
     */
    public function send(string|Bytes $body = '', int $status = 200, array $headers = []): void
    {
        $this->give(match (true) {
            $body instanceof Bytes => new Answer(Kind::Bytes, $body->data, $status, $headers),
            preg_match('//u', $body) === 1 => new Answer(Kind::Text, $body, $status, $headers),
            default => new Answer(Kind::Bytes, $body, $status, $headers),
        });
    }

    /**
     * Answers with a value as JSON.
     *
     * @param array<array-key, string|int|float|list<string|int|float>> $headers
     */
    public function json(mixed $value, int $status = 200, array $headers = []): void
    {
        $this->give(Answer::json($value, $status, $headers));
    }

    private function give(Answer $answer): void
    {
        if ($this->answer !== null) {
            throw new \LogicException('the function has answered already: the first answer stands');
        }
        $this->answer = $answer;
    }
}
