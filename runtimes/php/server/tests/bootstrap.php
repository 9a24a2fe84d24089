<?php

/** Finds the classes of the worker and of the types, for the tests. */

declare(strict_types=1);

spl_autoload_register(static function (string $class): void {
    $folders = [
        'Slipway\\Worker\\' => __DIR__ . '/../src/',
        'Slipway\\Tests\\' => __DIR__ . '/',
        'Slipway\\' => __DIR__ . '/../../types/src/',
    ];
    foreach ($folders as $namespace => $folder) {
        if (str_starts_with($class, $namespace)) {
            require_once $folder . substr($class, strlen($namespace)) . '.php';

            return;
        }
    }
});
