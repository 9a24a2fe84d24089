<?php

declare(strict_types=1);

namespace Slipway;

/** What a body is, where its headers don't say. */
enum Kind: int
{
    case Text = 1;
    case Bytes = 2;
    case Json = 3;
}
