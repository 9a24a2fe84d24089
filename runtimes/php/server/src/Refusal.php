<?php

declare(strict_types=1);

namespace Slipway\Worker;

/** A request that the function is not called for. */
final class Refusal extends \RuntimeException
{
    public function __construct(public readonly Code $reason, string $message)
    {
        parent::__construct($message);
    }
}
