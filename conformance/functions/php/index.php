<?php

/** The conformance function in PHP: runs the steps that conformance/functions/README.md describes. */

declare(strict_types=1);

use Conformance\Steps;
use Slipway\Request;
use Slipway\Response;

return static function (Request $req, Response $res): void {
    (new Steps($req, $res))->run();
};
