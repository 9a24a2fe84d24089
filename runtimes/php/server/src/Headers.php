<?php

declare(strict_types=1);

namespace Slipway\Worker;

/** Headers by lower-case name; several fields of a name are joined as RFC 9110 5.3 and RFC 6265 5.4 say. */
final class Headers
{
    /** @var array<array-key, string> */
    public private(set) array $all = [];

    public function add(string $name, string $value): void
    {
        $name = strtolower($name);
        if ($name === 'x-runtime-secret') {
            return;
        }
        if (isset($this->all[$name])) {
            $value = $this->all[$name] . ($name === 'cookie' ? '; ' : ', ') . $value;
        }
        $this->all[$name] = $value;
    }
}
