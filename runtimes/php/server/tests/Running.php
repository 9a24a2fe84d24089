<?php

declare(strict_types=1);

namespace Slipway\Tests;

use PHPUnit\Framework\TestCase;

/** Launches a function behind the image's server, for all tests of a class. */
abstract class Running extends TestCase
{
    /** What the function's file holds. */
    protected const string SOURCE = '';

    private const string SECRET = 's';

    private static string $folder;
    private static int $port;

    /** @var resource */
    private static $server;

    public static function setUpBeforeClass(): void
    {
        $front = (getenv('RUNTIME_HOME') ?: '/runtime') . '/slipway-front';
        if (!is_file($front)) {
            self::markTestSkipped('there is no compiled server here');
        }
        self::$folder = sys_get_temp_dir() . '/' . uniqid('running-');
        $php = \dirname(__DIR__, 2);
        $copies = [
            'mkdir -p home/server function',
            "cp -R $php/server/main.php $php/server/src home/server/",
            "cp -R $php/types/src home/server/types",
            "cp $php/launch.sh $front home/",
        ];
        mkdir(self::$folder);
        shell_exec('cd ' . self::$folder . ' && ' . implode(' && ', $copies));
        file_put_contents(self::$folder . '/function/index.php', static::SOURCE);
        $probe = stream_socket_server('tcp://127.0.0.1:0');
        self::$port = (int) parse_url('tcp://' . stream_socket_get_name($probe, false), PHP_URL_PORT);
        fclose($probe);
        $environment = [
            'RUNTIME_HOME' => self::$folder . '/home',
            'RUNTIME_HOST' => '127.0.0.1',
            'RUNTIME_PORT' => (string) self::$port,
            'RUNTIME_SECRET' => self::SECRET,
            'FUNCTION_BUILD' => self::$folder . '/function',
        ];
        $log = ['file', self::$folder . '/log', 'w'];
        $command = ['sh', self::$folder . '/home/launch.sh'];
        self::$server = proc_open($command, [1 => $log, 2 => $log], $pipes, null, getenv() + $environment);
        for ($look = 0; $look < 200 && !str_contains(self::logged(), 'listening on'); ++$look) {
            usleep(50_000);
        }
    }

    public static function tearDownAfterClass(): void
    {
        proc_terminate(self::$server);
        proc_close(self::$server);
        shell_exec('rm -rf ' . self::$folder);
    }

    protected static function logged(): string
    {
        return (string) file_get_contents(self::$folder . '/log');
    }

    /**
     * @param array<string, mixed> $payload
     *
     * @return array{int, string, list<string>} status or error code, body, lines of the log
     */
    protected function invoke(array $payload): array
    {
        $headers = ['content-type: application/json', 'x-runtime-secret: ' . self::SECRET, 'x-runtime-result: envelope'];
        $options = ['method' => 'POST', 'header' => $headers, 'content' => json_encode(['payload' => $payload]), 'ignore_errors' => true];
        $answer = file_get_contents('http://127.0.0.1:' . self::$port . '/', false, stream_context_create(['http' => $options]));
        $result = json_decode((string) $answer, true);

        return [$result['error']['code'] ?? $result['status'], $result['body'], array_column($result['logs'], 'message')];
    }
}
