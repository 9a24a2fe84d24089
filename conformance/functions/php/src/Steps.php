<?php

declare(strict_types=1);

namespace Conformance;

use Numerals\Roman;
use Slipway\Bytes;
use Slipway\Request;
use Slipway\Response;

/** One invocation's steps. */
final class Steps
{
    private static int $counted = 0;

    /** What the steps have seen. */
    private \stdClass $seen;

    /** @var list<string> Memory that lives as long as the invocation. */
    private array $held = [];

    public function __construct(private readonly Request $req, private readonly Response $res)
    {
        $this->seen = new \stdClass();
    }

    public function run(): void
    {
        foreach ($this->steps() as $step) {
            if (!$step instanceof \stdClass || !Arguments::fit($step)) {
                throw new \InvalidArgumentException('unknown step: ' . (\is_string($step->do ?? null) ? $step->do : '?'));
            }
            $this->perform($step);
        }
    }

    /** @return list<mixed> */
    private function steps(): array
    {
        $payload = $this->req->payload;
        if ($payload instanceof \stdClass && property_exists($payload, 'steps')) {
            return $payload->steps;
        }
        if (isset($this->req->headers['x-conformance-steps'])) {
            return json_decode($this->req->headers['x-conformance-steps'], flags: JSON_THROW_ON_ERROR);
        }

        return [(object) ['do' => 'report']];
    }

    private function perform(\stdClass $step): void
    {
        match ($step->do) {
            'send' => $this->send($step),
            'json' => $this->res->json(self::value($step), ...self::options($step)),
            'report' => $this->report(),
            'echo' => $this->echo(),
            'again' => $this->again($step),
            'await', 'block' => usleep((int) ($step->ms * 1000)),
            'spin' => self::spin($step->ms ?? INF),
            'meet' => (new Meeting($step->name, $step->count))->attend($step->timeout_ms / 1000),
            'log' => self::times($step, fn () => $this->req->log($step->message)),
            'error' => self::times($step, fn () => $this->req->error($step->message)),
            'print' => self::times($step, fn () => self::print($step)),
            'flood' => self::flood($step->bytes, $step->line ?? 100),
            'bytes' => fwrite(STDOUT, base64_decode($step->base64) . "\n"),
            'throw' => throw new \RuntimeException($step->message),
            'background' => self::later($step->ms, static fn () => throw new \RuntimeException($step->message)),
            'background_log' => self::later($step->ms, fn () => $this->req->log($step->message)),
            'exit' => self::exit($step->how),
            'allocate' => $this->allocate($step->mb ?? PHP_INT_MAX),
            // Functions of PHP's own can't be replaced.
            'patch' => null,
            'mutate' => $this->mutate($step->name, $step->value),
            'count' => $this->seen->count = ++self::$counted,
            'getenv' => $this->note('getenv', $step->name, getenv($step->name) === false ? null : getenv($step->name)),
            'find_secret' => $this->seen->secret = $this->places(strrev($step->reversed)),
            'write' => $this->note('write', $step->path, self::write($step->path)),
            'fetch' => $this->seen->fetch = self::fetch($step),
            'files' => $this->seen->files = \count(scandir('/proc/self/fd')) - 2,
            'dependency' => $this->seen->dependency = Roman::of(1999),
        };
    }

    /** @return array{status?: int, headers?: array<array-key, mixed>} */
    private static function options(\stdClass $step): array
    {
        $options = array_intersect_key((array) $step, ['status' => true, 'headers' => true]);

        return isset($options['headers']) ? ['headers' => (array) $options['headers']] + $options : $options;
    }

    private function send(\stdClass $step): void
    {
        $body = isset($step->base64) ? new Bytes(base64_decode($step->base64)) : $step->text ?? '';
        $this->res->send($body, ...self::options($step));
    }

    private static function value(\stdClass $step): mixed
    {
        $cycle = [];
        $cycle[] = &$cycle;

        return match ($step->special ?? null) {
            'nan' => NAN,
            'cycle' => $cycle,
            'function' => strlen(...),
            null => $step->value ?? null,
        };
    }

    private function report(): void
    {
        $req = $this->req;
        $this->res->json(['request' => [
            'method' => $req->method,
            'path' => $req->path,
            'query' => self::map($req->query),
            'headers' => self::map($req->headers),
            'payload' => $req->payload,
            'env' => self::map($req->env),
            'body' => base64_encode($req->body),
            'id' => $req->id,
            'deadline' => $req->deadline,
        ], 'seen' => $this->seen]);
    }

    /** @param array<array-key, mixed> $map written as an object also where its names are 0, 1, 2, … */
    private static function map(array $map): array|\stdClass
    {
        return array_is_list($map) ? (object) $map : $map;
    }

    private function echo(): void
    {
        $payload = $this->req->payload;
        if ($payload instanceof \stdClass && property_exists($payload, 'steps')) {
            $this->res->json($payload->value ?? null);

            return;
        }
        $type = $this->req->headers['content-type'] ?? null;
        $this->res->send(new Bytes($this->req->body), headers: $type === null ? [] : ['content-type' => $type]);
    }

    private function again(\stdClass $step): void
    {
        try {
            $this->send($step);
            $this->seen->again = 'accepted';
        } catch (\LogicException) {
            $this->seen->again = 'raised';
        }
    }

    private static function spin(float $milliseconds): void
    {
        $until = microtime(true) + $milliseconds / 1000;
        while (microtime(true) < $until) {
            try {
                array_sum(range(1, 1000));
            } catch (\Throwable) {
            }
        }
    }

    private static function times(\stdClass $step, \Closure $act): void
    {
        for ($time = 0; $time < ($step->times ?? 1); ++$time) {
            $act();
        }
    }

    private static function print(\stdClass $step): void
    {
        if (($step->to ?? 'out') === 'err') {
            fwrite(STDERR, "$step->text\n");
        } else {
            echo $step->text, "\n";
        }
    }

    private static function flood(int $bytes, int $line): void
    {
        $text = str_repeat('x', $line - 1) . "\n";
        for ($written = 0; $written < $bytes; $written += $line) {
            echo $text;
        }
    }

    /** In the background is in another process: PHP has no threads and no event loop. */
    private static function later(float $milliseconds, \Closure $act): void
    {
        if (pcntl_fork() === 0) {
            usleep((int) ($milliseconds * 1000));
            $act();
            exit(0);
        }
    }

    private static function exit(string $how): void
    {
        if ($how === 'exit') {
            exit(7);
        }
        posix_kill(getmypid(), $how === 'abort' ? SIGABRT : SIGKILL);
        sleep(1);
    }

    private function allocate(int $megabytes): void
    {
        for ($taken = 0; $taken < $megabytes; ++$taken) {
            $this->held[] = str_repeat('x', 1 << 20);
        }
    }

    private function mutate(string $name, string $value): void
    {
        $this->req->headers[$name] = $value;
        $this->req->env[$name] = $value;
        putenv("$name=$value");
        if ($this->req->payload instanceof \stdClass) {
            $this->req->payload->$name = $value;
        }
    }

    private function note(string $what, string $name, ?string $value): void
    {
        $this->seen->$what ??= [];
        $this->seen->$what[$name] = $value;
    }

    /**
     * Where the secret is found. The steps themselves hold its reverse only.
     *
     * @return list<string>
     */
    private function places(string $secret): array
    {
        $places = [];
        foreach (['headers' => $this->req->headers, 'env' => $this->req->env, 'process' => getenv()] as $name => $values) {
            if (str_contains(json_encode($values, JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE), $secret)) {
                $places[] = $name;
            }
        }
        foreach (glob('/proc/[0-9]*/{environ,cmdline}', GLOB_BRACE) as $file) {
            if (str_contains((string) @file_get_contents($file), $secret)) {
                $places[] = $file;
            }
        }

        return $places;
    }

    private static function write(string $path): string
    {
        return @file_put_contents($path, 'written') === false ? error_get_last()['message'] ?? 'failed' : 'written';
    }

    private static function fetch(\stdClass $step): string
    {
        $socket = @fsockopen($step->host, $step->port, $code, $message, $step->timeout_ms / 1000);
        if ($socket === false) {
            return $message ?: "error $code";
        }
        fclose($socket);

        return 'connected';
    }
}
