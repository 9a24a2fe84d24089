<?php

declare(strict_types=1);

namespace Slipway\Tests;

use PHPUnit\Framework\TestCase;
use Slipway\Worker\Leftovers;

final class LeftoversTest extends TestCase
{
    public function testUndoesWhatWasDoneToTheEnvironment(): void
    {
        putenv('SLIPWAY_KEPT=1');
        $environment = getenv();
        $leftovers = new Leftovers($environment);
        foreach ([['SLIPWAY_NEW=1'], ['SLIPWAY_KEPT=2'], ['SLIPWAY_KEPT'], ['SLIPWAY_KEPT=3', 'SLIPWAY_NEW=3'], []] as $changes) {
            array_map(putenv(...), $changes);
            $leftovers->restoreEnvironment();
            $now = getenv();
            ksort($now);
            ksort($environment);
            self::assertSame($environment, $now);
        }
        putenv('SLIPWAY_KEPT');
    }

    public function testTellsAChild(): void
    {
        $leftovers = new Leftovers(getenv());
        self::assertFalse($leftovers->areOfChild());
        $child = pcntl_fork();
        if ($child === 0) {
            // Ends without a word of the test's own.
            pcntl_exec('/bin/sh', ['-c', 'exit ' . ($leftovers->areOfChild() ? 3 : 4)]);
        }
        pcntl_waitpid($child, $status);
        self::assertSame(3, pcntl_wexitstatus($status));
    }
}
