<?php

declare(strict_types=1);

namespace Slipway;

/** Where an invocation's lines go. */
interface Log
{
    public function write(Level $level, string $message): void;
}
