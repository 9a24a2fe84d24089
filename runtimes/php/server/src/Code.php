<?php

declare(strict_types=1);

namespace Slipway\Worker;

/** Those of the runtime's errors that are found where the function runs. */
enum Code: string
{
    case InvalidJson = 'invalid_json';
    case InvalidEnvelope = 'invalid_envelope';
    case FunctionError = 'function_error';
    case NoResponse = 'no_response';
    case InvalidResponse = 'invalid_response';
}
