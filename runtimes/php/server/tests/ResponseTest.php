<?php

declare(strict_types=1);

namespace Slipway\Tests;

use PHPUnit\Framework\Attributes\DataProvider;
use PHPUnit\Framework\TestCase;
use Slipway\Bytes;
use Slipway\Kind;
use Slipway\Response;

final class ResponseTest extends TestCase
{
    public function testTheFirstAnswerStands(): void
    {
        $response = new Response();
        $response->send('first');
        try {
            $response->send('second');
            self::fail('a second answer was taken');
        } catch (\LogicException) {
            self::assertSame('first', $response->answer?->body);
        }
    }

    public function testTextIsToldFromBytes(): void
    {
        $kind = static function (string|Bytes $body): ?Kind {
            $response = new Response();
            $response->send($body);

            return $response->answer?->kind;
        };
        self::assertSame(Kind::Text, $kind('é'));
        self::assertSame(Kind::Bytes, $kind("\xff"));
        self::assertSame(Kind::Bytes, $kind(new Bytes('é')));
    }

    public function testAListOfValuesIsALineEach(): void
    {
        $response = new Response();
        $response->send('', 200, ['set-cookie' => ['a=1', 'b=2'], 'x-number' => 1]);
        self::assertSame([['set-cookie', 'a=1'], ['set-cookie', 'b=2'], ['x-number', '1']], $response->answer?->headers);
        self::assertNull($response->answer->problem);
    }

    /** @return iterable<array{int, array<array-key, mixed>}> */
    public static function impossible(): iterable
    {
        yield [199, []];
        yield [600, []];
        yield [200, ['x a' => '1']];
        yield [200, ['' => '1']];
        yield [200, ['x-é' => '1']];
        yield [200, ["x-a\n" => '1']];
        yield [200, ['x-a' => "1\n"]];
        yield [200, ['x-a' => ['fine', "1\r\nx-b: 2"]]];
        yield [200, ['x-a' => "1\0"]];
        yield [200, ['x-a' => null]];
    }

    /** @param array<array-key, mixed> $headers */
    #[DataProvider('impossible')]
    public function testWhatCannotBeSentHasAProblem(int $status, array $headers): void
    {
        $response = new Response();
        $response->send('', $status, $headers);
        self::assertNotNull($response->answer?->problem);
    }

    public function testAValueThatIsNoJsonHasAProblem(): void
    {
        $cycle = [];
        $cycle[] = &$cycle;
        foreach ([NAN, INF, $cycle, strlen(...), [[strlen(...)]], (object) ['a' => strlen(...)], "\xff"] as $value) {
            $response = new Response();
            $response->json($value);
            self::assertNotNull($response->answer?->problem);
        }
    }
}
