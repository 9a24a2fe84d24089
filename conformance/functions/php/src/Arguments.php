<?php

declare(strict_types=1);

namespace Conformance;

/** The steps and the types of their arguments; a question mark where one may be missing. */
final readonly class Arguments
{
    private const array SENT = ['text?' => 'string', 'base64?' => 'string', 'status?' => 'int', 'headers?' => 'object'];

    private const array STEPS = [
        'send' => self::SENT,
        'json' => ['special?' => 'string', 'status?' => 'int', 'headers?' => 'object'],
        'report' => [],
        'echo' => [],
        'again' => self::SENT,
        'await' => ['ms' => 'number'],
        'block' => ['ms' => 'number'],
        'spin' => ['ms?' => 'number'],
        'meet' => ['name' => 'string', 'count' => 'int', 'timeout_ms' => 'number'],
        'log' => ['message' => 'string', 'times?' => 'int'],
        'error' => ['message' => 'string', 'times?' => 'int'],
        'print' => ['text' => 'string', 'to?' => 'string', 'times?' => 'int'],
        'flood' => ['bytes' => 'int', 'line?' => 'int'],
        'bytes' => ['base64' => 'string'],
        'throw' => ['message' => 'string'],
        'background' => ['ms' => 'number', 'message' => 'string'],
        'background_log' => ['ms' => 'number', 'message' => 'string'],
        'exit' => ['how' => 'string'],
        'allocate' => ['mb?' => 'int'],
        'patch' => [],
        'mutate' => ['name' => 'string', 'value' => 'string'],
        'count' => [],
        'getenv' => ['name' => 'string'],
        'find_secret' => ['reversed' => 'string'],
        'write' => ['path' => 'string'],
        'fetch' => ['host' => 'string', 'port' => 'int', 'timeout_ms' => 'number'],
        'files' => [],
        'dependency' => [],
    ];

    /** Whether there is such a step, with such arguments. */
    public static function fit(\stdClass $step): bool
    {
        if (!\is_string($step->do ?? null) || !isset(self::STEPS[$step->do])) {
            return false;
        }
        foreach (self::STEPS[$step->do] as $name => $type) {
            $plain = rtrim($name, '?');
            if (property_exists($step, $plain) ? !self::is($step->$plain, $type) : $plain === $name) {
                return false;
            }
        }

        return true;
    }

    private static function is(mixed $value, string $type): bool
    {
        return match ($type) {
            'string' => \is_string($value),
            'int' => \is_int($value),
            'number' => \is_int($value) || \is_float($value),
            'object' => $value instanceof \stdClass,
        };
    }
}
