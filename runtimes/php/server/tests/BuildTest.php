<?php

declare(strict_types=1);

namespace Slipway\Tests;

use PHPUnit\Framework\TestCase;

final class BuildTest extends TestCase
{
    public function testPackagesWithoutAManifestAreKept(): void
    {
        self::assertTrue($this->keepsPackages([]));
        self::assertFalse($this->keepsPackages(['composer.json' => '{}']));
    }

    /** @param array<string, string> $files */
    private function keepsPackages(array $files): bool
    {
        $folder = sys_get_temp_dir() . '/' . uniqid('build-');
        mkdir("$folder/source/vendor/own", recursive: true);
        foreach (['index.php' => '<?php', 'vendor/own/package.php' => '<?php', ...$files] as $name => $content) {
            file_put_contents("$folder/source/$name", $content);
        }
        $script = \dirname(__DIR__, 2) . '/build.sh';
        exec("FUNCTION_SOURCE=$folder/source FUNCTION_BUILD=$folder/build sh $script 2>&1", $output, $code);
        self::assertSame(0, $code, implode("\n", $output));
        $kept = is_file("$folder/build/vendor/own/package.php");
        exec("rm -rf $folder");

        return $kept;
    }
}
