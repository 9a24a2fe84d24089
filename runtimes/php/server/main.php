<?php

/**
 * The process that loads the function, and forks a worker whenever the server wants one.
 *
 * Arguments: the function's folder and its file there. Descriptor 3 is the control socket.
 */

declare(strict_types=1);

namespace Slipway\Worker;

const TYPES = __DIR__ . '/types/';

spl_autoload_register(static function (string $class): void {
    $folders = ['Slipway\\Worker\\' => __DIR__ . '/src/', 'Slipway\\' => TYPES];
    foreach ($folders as $namespace => $folder) {
        if (str_starts_with($class, $namespace)) {
            $file = $folder . substr($class, \strlen($namespace)) . '.php';
            if (is_file($file)) {
                require $file;
            }

            return;
        }
    }
});
// A worker may need them when nothing can be loaded any more, and forks share what is loaded now.
foreach ([...glob(TYPES . '*.php'), ...glob(__DIR__ . '/src/*.php')] as $file) {
    require_once $file;
}
unset($file);

[, $folder, $entrypoint] = $argv;
ini_set('memory_limit', (string) intdiv(Memory::bytes(), 2));
exit((new Loader(new Descriptors()))->run(str_starts_with($entrypoint, '/') ? $entrypoint : "$folder/$entrypoint"));
