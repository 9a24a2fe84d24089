<?php

// PHP's own server, `php -q -S`, runs this file anew for each request, and ends each connection after its answer.

declare(strict_types=1);

$envelope = json_decode(file_get_contents('php://input'));
$body = json_encode(['message' => "Hello {$envelope->payload->name}"]);
header('content-type: application/json');
header('content-length: ' . strlen($body));
echo $body;
