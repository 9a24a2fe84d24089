<?php

declare(strict_types=1);

namespace Slipway\Worker;

use Slipway\Level;
use Slipway\Request;
use Slipway\Response;

/** Runs the function, one invocation after the other. */
final readonly class Worker
{
    private Channel $channel;
    private int $process;

    /** @param array<string, string> $environment what each invocation finds */
    public function __construct(\Socket $socket, private \Closure $function, private array $environment)
    {
        $this->channel = new Channel($socket);
        $this->process = getmypid();
    }

    public function run(): void
    {
        while (($frame = $this->channel->receive()) !== null) {
            $this->channel->send($this->answer(Invocation::read($frame)));
            unset($frame);
            $this->tidy();
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
        $failure = $this->call($request, $response, $log);
        $answer = $response->answer;

        return match (true) {
            $answer !== null && $answer->problem === null => Frame::answer($number, $answer),
            $answer !== null => Frame::refuse($number, Code::InvalidResponse, "the function's answer can't be sent: {$answer->problem}"),
            $failure !== null => Frame::refuse($number, Code::FunctionError, $failure::class . ": {$failure->getMessage()}"),
            default => Frame::refuse($number, Code::NoResponse, 'the function ended without an answer'),
        };
    }

    private function call(Request $request, Response $response, InvocationLog $log): ?\Throwable
    {
        $failure = null;
        try {
            ($this->function)($request, $response);
        } catch (\Throwable $failure) {
            $log->write(Level::Error, (string) $failure);
        }
        while (ob_get_level() > 0) {
            ob_end_flush();
        }
        if (getmypid() !== $this->process) {
            // The function has forked, and this is the child, which has nobody to answer.
            exit($failure === null ? 0 : 1);
        }

        return $failure;
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

    /** What PHP undoes at the end of a request, so that one invocation sees nothing of another. */
    private function tidy(): void
    {
        $now = getenv();
        if ($now !== $this->environment) {
            foreach (array_diff_key($now, $this->environment) as $name => $value) {
                putenv("$name");
            }
            foreach ($this->environment as $name => $value) {
                putenv("$name=$value");
            }
        }
        // Processes that the function has forked and not waited for.
        while (pcntl_waitpid(-1, $status, \WNOHANG) > 0);
    }
}
