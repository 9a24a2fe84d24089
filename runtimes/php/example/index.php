<?php

/** Greets, and says how many letters the name has. */

declare(strict_types=1);

use Plural\Plural;
use Slipway\Request;
use Slipway\Response;

return static function (Request $req, Response $res): void {
    $name = $req->payload->name ?? 'World';
    $req->log("greeting $name");
    $res->json([
        'message' => "Hello $name",
        'letters' => Plural::of(mb_strlen($name), 'letter', 'letters'),
    ]);
};
