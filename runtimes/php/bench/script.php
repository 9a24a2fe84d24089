<?php

// What PHP's own server and PHP-FPM run anew for each request.

declare(strict_types=1);

$envelope = json_decode(file_get_contents('php://input'));
$body = json_encode(['message' => "Hello {$envelope->payload->name}"]);
header('content-type: application/json');
header('content-length: ' . strlen($body));
echo $body;
