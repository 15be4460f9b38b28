<?php
// The service's three operations on PHP's own SoapServer, for tests/php_server.rs. Each import id stands for one case;
// all others are not found. The user name and the password come from the environment.
declare(strict_types=1);

ini_set('soap.wsdl_cache_enabled', '0');
ini_set('display_errors', '0');

const DISPATCHER = 'http://schemas.microsoft.com/net/2005/12/windowscommunicationfoundation/dispatcher';
const ACTIONS = 'http://apiconnector.com/v2/ApiService/';

// A byte order mark, CRLF, quotes, and letters beyond ASCII.
const REPORT = "\u{FEFF}Reason,email,firstname\r\nHard bounced,jo@example.com,Zo\u{EB}\r\nDuplicate,li@example.com,\"Li, \"\"L\"\"\"\r\n";

final class Imports
{
    public function GetContactImportReportFaults(stdClass $request): array
    {
        return match ($this->case($request)) {
            1 => ['GetContactImportReportFaultsResult' => REPORT],
            2 => ['GetContactImportReportFaultsResult' => ''],
            3 => ['GetContactImportReportFaultsResult' => null],
            4 => [],
            7 => ['GetContactImportReportFaultsResult' => "Reason,email\r\n" . str_repeat("Duplicate,jo@example.com\r\n", 100_000)],
            default => $this->notReady(),
        };
    }

    public function GetContactImportProgress(stdClass $request): array
    {
        $status = match ($this->case($request)) {
            5 => 'NotFinished',
            6 => 'Failed',
            default => 'Finished',
        };
        return ['GetContactImportProgressResult' => ['Id' => $request->importId, 'Status' => $status]];
    }

    public function GetContactImportReport(stdClass $request): array
    {
        return match ($this->case($request)) {
            1 => ['GetContactImportReportResult' => ['NewContacts' => 98, 'DuplicateEmails' => 1, 'HardBounced' => 1]],
            2 => ['GetContactImportReportResult' => []],
            3 => ['GetContactImportReportResult' => null],
            4 => [],
            default => $this->notReady(),
        };
    }

    /** Which case the import id stands for. */
    private function case(stdClass $request): int
    {
        if (preg_match('/^00000000-0000-4000-8000-00000000000([1-7])$/', $request->importId ?? '', $found)) {
            return (int) $found[1];
        }
        throw new SoapFault([DISPATCHER, 'InternalServiceFault'], 'Import not found. ERROR_IMPORT_NOT_FOUND');
    }

    private function notReady(): never
    {
        $words = 'Import is not processed yet or completed with error. ERROR_IMPORT_REPORT_NOT_FOUND';
        throw new SoapFault([DISPATCHER, 'InternalServiceFault'], $words);
    }
}

$given = [$_SERVER['PHP_AUTH_USER'] ?? null, $_SERVER['PHP_AUTH_PW'] ?? null];
if ($given !== [getenv('PEER_USERNAME'), getenv('PEER_PASSWORD')]) {
    http_response_code(401);
    header('WWW-Authenticate: Basic realm="peer"');
    exit;
}
// PHP itself goes by the body alone.
$action = trim($_SERVER['HTTP_SOAPACTION'] ?? '');
if (!preg_match('~^"' . preg_quote(ACTIONS) . '(\w+)"$~', $action, $called)
    || !str_contains((string) file_get_contents('php://input'), $called[1])
    || strtolower($_SERVER['CONTENT_TYPE'] ?? '') !== 'text/xml; charset=utf-8') {
    http_response_code(415);
    exit;
}
$server = new SoapServer(__DIR__ . '/../../fixtures/import.wsdl', ['soap_version' => SOAP_1_1, 'encoding' => 'UTF-8']);
$server->setClass(Imports::class);
$server->handle();
