<?php

declare(strict_types=1);

use Slipway\Request;
use Slipway\Response;

return static function (Request $req, Response $res): void {
    $res->json(['message' => "Hello {$req->payload->name}"]);
};
