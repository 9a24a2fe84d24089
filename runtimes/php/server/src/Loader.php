<?php

declare(strict_types=1);

namespace Slipway\Worker;

/** Loads the function once, and forks. */
final readonly class Loader
{
    /** Folders above the function's in which its dependencies are looked for. */
    private const int LEVELS = 3;

    public function __construct(private Descriptors $descriptors)
    {
    }

    /** Returns the exit code. */
    public function run(string $file): int
    {
        $environment = getenv();
        try {
            $function = $this->load($file);
            set_time_limit(0);
        } catch (\Throwable $problem) {
            $this->descriptors->send(Frame::text(Frame::FAILED, 0, $this->describe($problem)));
            // Stays as long as the server does: that there is no function is known now.
            $this->descriptors->receive();

            return 0;
        }
        $this->descriptors->send(Frame::text(Frame::READY, 0, ''));
        // Workers need not be waited for: the server sees their ends by itself.
        pcntl_signal(\SIGCHLD, \SIG_IGN);
        while (($descriptors = $this->descriptors->receive()) !== null) {
            $process = pcntl_fork();
            if ($process === 0) {
                $this->work($descriptors, $function, $environment);

                return 0;
            }
            $this->descriptors->send(Frame::text(Frame::FORKED, 0, pack('N', max($process, 0))));
            $this->descriptors->close($descriptors);
        }

        return 0;
    }

    private function load(string $file): \Closure
    {
        if (!is_file($file)) {
            throw new \RuntimeException("there is no $file");
        }
        $folder = \dirname($file);
        chdir($folder);
        for ($level = 1; $level <= self::LEVELS; ++$level) {
            $autoload = \dirname($file, $level) . '/vendor/autoload.php';
            if (is_file($autoload)) {
                require_once $autoload;
                break;
            }
        }
        // In a scope of its own.
        $function = (static fn (string $file): mixed => require $file)($file);
        if (!\is_callable($function)) {
            throw new \RuntimeException("$file returns nothing to call: end it with `return function (Request \$req, Response \$res) …`");
        }

        return $function(...);
    }

    private function describe(\Throwable $problem): string
    {
        $where = "{$problem->getFile()}:{$problem->getLine()}";

        return $problem::class . ": {$problem->getMessage()} in $where\n{$problem->getTraceAsString()}";
    }

    /**
     * @param list<int>             $descriptors
     * @param array<string, string> $environment
     */
    private function work(array $descriptors, \Closure $function, array $environment): void
    {
        // With what it starts, it is a group that can be ended as one.
        posix_setsid();
        pcntl_signal(\SIGCHLD, \SIG_DFL);
        // Forks would all throw the same dice.
        mt_srand();
        (new Worker($this->descriptors->adopt($descriptors), $function, $environment))->run();
    }
}
