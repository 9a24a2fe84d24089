<?php

declare(strict_types=1);

namespace Slipway\Worker;

use Slipway\Level;
use Slipway\Request;
use Slipway\Response;

/** Runs the function, one invocation after the other. */
final class Worker
{
    /** So many invocations in a row, then it is looked for forked processes. */
    private const int ROW = 64;

    private readonly Leftovers $leftovers;

    /** @var array{int, Response}|null What runs, by its number. */
    private ?array $running = null;

    /** @param array<string, string> $environment what each invocation finds */
    public function __construct(
        private readonly Channel $channel,
        private readonly \Closure $function,
        private readonly array $environment,
    ) {
        $this->leftovers = new Leftovers($environment);
    }

    public function run(): void
    {
        // Behind those that the function registers, which may still print or answer.
        register_shutdown_function(fn () => register_shutdown_function($this->exited(...)));
        $row = 0;
        while (true) {
            $frame = $row++ < self::ROW ? $this->channel->next() : null;
            if ($frame === null) {
                $this->leftovers->reap();
                $frame = $this->channel->wait();
                $row = 0;
            }
            if ($frame === null) {
                return;
            }
            $invocation = Invocation::read($frame);
            unset($frame);
            $this->reply($invocation->number, $this->answer($invocation));
            unset($invocation);
            if ($this->leftovers->haveClosed()) {
                // Another process has them.
                return;
            }
            $this->leftovers->restoreEnvironment();
        }
    }

    private function reply(int $number, string $answer): void
    {
        if ($this->leftovers->holdOutput()) {
            $this->channel->sendAfterOutput($number, $answer);
        } else {
            $this->channel->send($answer);
        }
    }

    /** The function has ended its process: an answer that it gave before stands. */
    private function exited(): void
    {
        if ($this->running === null || $this->leftovers->areOfChild()) {
            return;
        }
        [$number, $response] = $this->running;
        if ($response->answer !== null) {
            $this->flush();
            $this->reply($number, $this->ending($number, $response, null));
        }
    }

    /** The frame that ends the invocation. */
    private function answer(Invocation $invocation): string
    {
        $number = $invocation->number;
        $log = new InvocationLog($this->channel, $number);
        try {
            $request = $this->request($invocation, $log);
        } catch (Refusal $refusal) {
            return Frame::refuse($number, $refusal->reason, $refusal->getMessage());
        }
        $response = new Response();
        $this->running = [$number, $response];
        $failure = $this->call($request, $response, $log);
        $this->running = null;

        return $this->ending($number, $response, $failure);
    }

    private function ending(int $number, Response $response, ?\Throwable $failure): string
    {
        $answer = $response->answer;

        return match (true) {
            $answer !== null && $answer->problem === null => Frame::answer($number, $answer),
            $answer !== null => Frame::refuse($number, Code::InvalidResponse, "the function's answer can't be sent: {$answer->problem}"),
            $failure !== null => Frame::refuse($number, Code::FunctionError, $this->summary($failure)),
            default => Frame::refuse($number, Code::NoResponse, 'the function ended without an answer'),
        };
    }

    private function call(Request $request, Response $response, InvocationLog $log): ?\Throwable
    {
        $failure = null;
        try {
            ($this->function)($request, $response);
        } catch (\Throwable $failure) {
            $log->write(Level::Error, $this->report($failure));
        }
        $this->leftovers->liftTimeLimit();
        $this->flush();
        if ($this->leftovers->areOfChild()) {
            // It has nobody to answer.
            exit($failure === null ? 0 : 1);
        }

        return $failure;
    }

    /** All that an exception says of itself. That is the function's own code, and may fail in turn. */
    private function report(\Throwable $failure): string
    {
        try {
            return (string) $failure;
        } catch (\Throwable) {
            return $failure::class . ", which can't be printed\n{$failure->getTraceAsString()}";
        }
    }

    private function summary(\Throwable $failure): string
    {
        try {
            return $failure::class . ": {$failure->getMessage()}";
        } catch (\Throwable) {
            // It may have made anything of its message.
            return $failure::class;
        }
    }

    /** What was printed into buffers goes out. */
    private function flush(): void
    {
        while (ob_get_level() > 0) {
            ob_end_flush();
        }
    }

    private function request(Invocation $invocation, InvocationLog $log): Request
    {
        if ($invocation->raw) {
            $head = RawHead::read($invocation->head);

            return new Request(
                $head->payload($invocation->body),
                $head->headers,
                $this->environment,
                $head->method,
                $head->path,
                Query::parse($head->query),
                $invocation->body,
                $invocation->id,
                $invocation->deadline,
                $log,
            );
        }
        $envelope = Envelope::read($invocation->body);
        if (isset($envelope->headers['traceparent'])) {
            $trace = Trace::of($envelope->headers['traceparent']);
            if ($trace !== null) {
                $this->channel->send(Frame::text(Frame::TRACE, $invocation->number, $trace));
            }
        }

        return new Request(
            $envelope->payload,
            $envelope->headers,
            $envelope->env === [] ? $this->environment : array_replace($this->environment, $envelope->env),
            $envelope->method,
            $envelope->path,
            $envelope->query === '' ? [] : Query::parse($envelope->query),
            \is_string($envelope->payload) ? $envelope->payload : '',
            $invocation->id,
            $invocation->deadline,
            $log,
        );
    }
}
