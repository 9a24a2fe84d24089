<?php

declare(strict_types=1);

namespace Slipway\Tests;

use PHPUnit\Framework\Attributes\DataProvider;
use PHPUnit\Framework\TestCase;
use Slipway\Answer;
use Slipway\Worker\Code;
use Slipway\Worker\Json;
use Slipway\Worker\Refusal;

final class JsonTest extends TestCase
{
    /** @return iterable<array{string}> */
    public static function faithful(): iterable
    {
        yield ['{}'];
        yield ['[]'];
        yield ['{"a":{},"b":[]}'];
        yield ['{"0":1,"1":2}'];
        yield ['{"":1}'];
        yield ['{"\u0000a":{"b":[{"\u0000":1}]},"c":"\u0000"}'];
        yield ['["a\":b",{"\u0000x":"{\"y\":1}"}]'];
        yield ['[9007199254740991,-9007199254740991,0.1,1.5,10.0]'];
        yield ['"é/\"\\\\ 𝄞"'];
        yield ["\"\u{2028}\""];
        yield ['{"__proto__":1,"constructor":2}'];
    }

    #[DataProvider('faithful')]
    public function testWhatIsReadIsWrittenAgain(string $json): void
    {
        self::assertSame($json, Answer::json(Json::decode($json), 200, [])->body);
    }

    public function testOfDuplicatesTheLastCounts(): void
    {
        self::assertSame('{"a":2}', Answer::json(Json::decode('{"a":1,"a":2}'), 200, [])->body);
    }

    /** @return iterable<array{string}> */
    public static function invalid(): iterable
    {
        foreach (['', '{', '[1,]', 'TRUE', 'NaN', "\"\xff\"", '"\ud800"', "\u{FEFF}{}", '{"\u0000a":1', '{"\u0000a":}'] as $json) {
            yield [$json];
        }
        yield [str_repeat('[', 100000) . str_repeat(']', 100000)];
    }

    #[DataProvider('invalid')]
    public function testWhatIsNoJsonIsRefused(string $json): void
    {
        $this->expectExceptionObject(new Refusal(Code::InvalidJson, 'the body is not JSON in UTF-8: '));
        Json::decode($json);
    }

    public function testOnlyObjectsHaveMembers(): void
    {
        self::assertSame([], Json::members(Json::decode('{}')));
        self::assertSame(["\0a" => 1], Json::members(Json::decode('{"\u0000a":1}')));
        foreach (['[]', '[1]', 'null', '1', '"a"'] as $json) {
            self::assertNull(Json::members(Json::decode($json)), $json);
        }
    }
}
