<?php

declare(strict_types=1);

namespace Slipway\Tests;

use PHPUnit\Framework\Attributes\DataProvider;
use PHPUnit\Framework\TestCase;
use Slipway\Worker\Code;
use Slipway\Worker\Envelope;
use Slipway\Worker\Invocation;
use Slipway\Worker\Query;
use Slipway\Worker\RawHead;
use Slipway\Worker\Refusal;
use Slipway\Worker\Trace;
use Slipway\Worker\Utf8;

final class RequestTest extends TestCase
{
    public function testEveryMemberMayBeLeftOut(): void
    {
        $envelope = Envelope::read('{}');
        self::assertNull($envelope->payload);
        self::assertSame(['POST', '/', '', [], []], [
            $envelope->method,
            $envelope->path,
            $envelope->query,
            $envelope->headers,
            $envelope->env,
        ]);
    }

    /** @return iterable<array{string}> */
    public static function otherShapes(): iterable
    {
        foreach (['headers', 'env'] as $name) {
            foreach (['[]', 'null', '["a"]', '{"a":1}', '"a"'] as $value) {
                yield ["{\"$name\":$value}"];
            }
        }
        foreach (['[]', 'null', '1', '{"method":5}', '{"path":null}', '{"query":[]}'] as $json) {
            yield [$json];
        }
    }

    #[DataProvider('otherShapes')]
    public function testJsonOfAnotherShapeIsNoEnvelope(string $json): void
    {
        try {
            Envelope::read($json);
            self::fail("$json was taken");
        } catch (Refusal $refusal) {
            self::assertSame(Code::InvalidEnvelope, $refusal->reason);
        }
    }

    public function testHeadersAreLowerCaseAndJoined(): void
    {
        $envelope = Envelope::read('{"headers":{"X-A":"1","x-a":"2","Cookie":"a=1","cookie":"b=2","7":"x"}}');
        self::assertSame(['x-a' => '1, 2', 'cookie' => 'a=1; b=2', 7 => 'x'], $envelope->headers);
    }

    public function testASecretInTheEnvelopeStaysThere(): void
    {
        self::assertSame(['x-a' => '1'], Envelope::read('{"headers":{"X-Runtime-Secret":"s","x-a":"1"}}')->headers);
    }

    public function testARawPayloadIsWhatItsTypeSays(): void
    {
        $payload = static fn (string $type, string $body): mixed => RawHead::read((string) json_encode(
            ['method' => 'PUT', 'path' => '/', 'query' => '', 'headers' => [['content-type', $type]]],
        ))->payload($body);
        self::assertSame([1], $payload('Application/LD+JSON; a=b', '[1]'));
        self::assertNull($payload('application/json', ''));
        self::assertSame("a;\u{FFFD}", $payload('text/csv', "a;\xff"));
        self::assertNull($payload('image/png', 'x'));
    }

    public function testAQueryIsDecodedOnceAndInOrder(): void
    {
        self::assertSame(
            ['a' => ['1', '2'], 'b' => ['x y'], 'c' => [''], 'd' => ['p q'], 'é' => ['€'], 'e' => ['1=2'], 'f' => ['%25'], 'g' => ['%zz%']],
            Query::parse('a=1&b=x%20y&a=2&c&d=p+q&%C3%A9=%E2%82%AC&e=1=2&&f=%2525&g=%zz%'),
        );
        self::assertSame(['d' => ["\u{FFFD}"]], Query::parse('d=%ff'));
    }

    public function testBytesBecomeText(): void
    {
        self::assertSame("a\u{FFFD}b", Utf8::scrub("a\xE2\x82b"));
        self::assertSame("\u{FFFD}\u{FFFD}\u{FFFD}", Utf8::scrub("\xED\xA0\x80"));
        self::assertSame("é\u{FFFD}𝄞", Utf8::scrub("é\xF0\x9F\x98𝄞"));
        self::assertSame("\u{FFFD}\u{FFFD}", Utf8::scrub("\xC0\x80"));
    }

    public function testOnlyAValidTraceparentHasATrace(): void
    {
        $id = '4bf92f3577b34da6a3ce929d0e0e4736';
        self::assertSame($id, Trace::of("00-$id-00f067aa0ba902b7-01"));
        self::assertSame($id, Trace::of("01-$id-00f067aa0ba902b7-01-more"));
        $invalid = [
            'nonsense',
            "00-$id-00f067aa0ba902b7",
            "00-$id-00f067aa0ba902b7-01-more",
            "00-$id-00f067aa0ba902b7-01\n",
            "ff-$id-00f067aa0ba902b7-01",
            '00-' . str_repeat('0', 32) . '-00f067aa0ba902b7-01',
            "00-$id-" . str_repeat('0', 16) . '-01',
        ];
        foreach ($invalid as $header) {
            self::assertNull(Trace::of($header), $header);
        }
    }

    public function testAnInvocationIsReadFromItsFrame(): void
    {
        $frame = pack('NCNCEC', 0, 1, 7, 1, 1.5, 2) . 'id' . pack('N', 4) . 'headbody';
        $invocation = Invocation::read($frame);
        self::assertSame([7, true, 1.5, 'id', 'head', 'body'], array_values((array) $invocation));
    }
}
