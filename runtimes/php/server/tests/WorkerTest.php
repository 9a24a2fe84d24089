<?php

declare(strict_types=1);

namespace Slipway\Tests;

final class WorkerTest extends Running
{
    protected const string SOURCE = <<<'PHP'
        <?php

        final class Mute extends Exception
        {
            public function __construct(mixed $message)
            {
                $this->message = $message;
            }

            public function __toString(): string
            {
                throw new Exception('it has no text');
            }
        }

        return static function ($req, $res): void {
            switch ($req->payload->do) {
                case 'answer and exit':
                    echo 'printed';
                    $res->send('answered', 201);
                    exit;
                case 'answer what cannot be sent':
                    $res->send('answered', 99);
                    exit;
                case 'exit':
                    exit;
                case 'answer at last':
                    register_shutdown_function(static fn () => $res->send('at last'));
                    exit;
                case 'fork':
                    $child = pcntl_fork();
                    if ($child === 0) {
                        $res->send('child');
                        exit(3);
                    }
                    pcntl_waitpid($child, $status);
                    $res->json(pcntl_wexitstatus($status));
                    break;
                case 'close':
                    $res->json(getmypid());
                    fclose(STDOUT);
                    echo 'lost';
                    break;
                case 'limit':
                    $res->json([getmypid(), ini_get('max_execution_time')]);
                    set_time_limit(1);
                    break;
                case 'log':
                    $circle = new stdClass();
                    $circle->self = $circle;
                    foreach (['text', ['a' => [1.0, 'é']], (object) ['b' => null], true, 7, $circle, new Exception('thrown')] as $value) {
                        $req->log($value);
                    }
                    $req->error([1]);
                    $res->send('logged');
                    break;
                case 'recurse':
                    $down = static function (int $n) use (&$down): int {
                        return 1 + $down($n + 1);
                    };
                    $res->json($down(0));
                    break;
                case 'mute':
                    throw new Mute(fopen('php://memory', 'r'));
                case 'nothing to say':
                    throw new Mute(new stdClass());
                default:
                    echo 'well';
                    $res->json(getmypid());
            }
        };
        PHP;

    public function testAnAnswerBeforeExitStands(): void
    {
        self::assertSame([201, 'answered', ['printed']], $this->invoke(['do' => 'answer and exit']));
        self::assertSame('invalid_response', $this->invoke(['do' => 'answer what cannot be sent'])[0]);
        self::assertSame([200, 'at last', []], $this->invoke(['do' => 'answer at last']));
        $this->well();
    }

    public function testWhoExitsWithoutAnAnswerHasFailed(): void
    {
        self::assertSame('function_error', $this->invoke(['do' => 'exit'])[0]);
        $this->well();
    }

    public function testAChildThatExitsAnswersNobody(): void
    {
        self::assertSame([200, '3', []], $this->invoke(['do' => 'fork']));
        $this->well();
    }

    public function testWhoClosesItsOutputCostsNobodyElseAnAnswer(): void
    {
        for ($call = 0; $call < 3; ++$call) {
            [$status, $process] = $this->invoke(['do' => 'close']);
            self::assertSame(200, $status);
            self::assertNotSame($process, $this->well());
        }
    }

    public function testALimitOfTimeIsForItsOwnInvocation(): void
    {
        $first = $this->invoke(['do' => 'limit']);
        self::assertStringEndsWith(',"0"]', $first[1]);
        self::assertSame($first, $this->invoke(['do' => 'limit']));
    }

    public function testAnyValueIsLogged(): void
    {
        [$status, , $lines] = $this->invoke(['do' => 'log']);
        self::assertSame(200, $status);
        self::assertSame(['text', '{"a":[1.0,"é"]}', '{"b":null}', 'true', '7'], \array_slice($lines, 0, 5));
        self::assertStringContainsString('*RECURSION*', $lines[5]);
        self::assertStringContainsString('thrown', $lines[6]);
        self::assertSame('[1]', $lines[7]);
    }

    public function testEndlessRecursionIsAnErrorOfTheFunction(): void
    {
        self::assertSame('function_error', $this->invoke(['do' => 'recurse'])[0]);
        $this->well();
    }

    public function testAnExceptionThatCannotBePrintedIsAnErrorOfTheFunction(): void
    {
        $process = $this->well();
        foreach (['mute', 'nothing to say'] as $do) {
            [$code, , $lines] = $this->invoke(['do' => $do]);
            self::assertSame('function_error', $code);
            self::assertStringStartsWith("Mute, which can't be printed", $lines[0]);
        }
        self::assertSame($process, $this->well());
    }

    /** The process that answered. */
    private function well(): string
    {
        [$status, $process, $lines] = $this->invoke(['do' => 'nothing']);
        self::assertSame([200, ['well']], [$status, $lines]);

        return $process;
    }
}
