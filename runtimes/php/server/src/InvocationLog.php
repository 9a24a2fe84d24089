<?php

declare(strict_types=1);

namespace Slipway\Worker;

use Slipway\Level;
use Slipway\Log;

/** Lines of one invocation, also when they come late. */
final readonly class InvocationLog implements Log
{
    public function __construct(private Channel $channel, private int $number)
    {
    }

    public function write(Level $level, string $message): void
    {
        $this->channel->sendNow(Frame::text(Frame::LOG, $this->number, \chr($level->value) . $message));
    }
}
