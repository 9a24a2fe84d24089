<?php

declare(strict_types=1);

namespace Slipway;

/** A body that is bytes and not text, though PHP has one type for both. */
final readonly class Bytes
{
    public function __construct(public string $data)
    {
    }
}
