<?php

declare(strict_types=1);

namespace Slipway;

/** How serious a line of the log is. */
enum Level: int
{
    case Info = 0;
    case Error = 1;
}
